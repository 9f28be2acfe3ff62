"""What the Engine is sent for a trial."""

from dataclasses import replace
from pathlib import Path

from tests import jobs

from reprise.containers import devices, folders, names, wish
from reprise.containers.devices import Gpus, Vendor
from reprise.containers.wish import Mount, Wish
from reprise.domain.fetched import FetchedFile

WISH = Wish(
    image="sha256:abc",
    labels={"reprise.run": "run-1"},
    mounts=(Mount(Path("/state/tree"), Path("/reprise/tree"), writable=True),),
    user="64501:64501",
    cpus=2,
    memory_bytes=4_000_000_000,
    pids=64,
    log_bytes=1_000_000,
)


def test_a_job_gets_no_right_no_network_and_nothing_to_write_on_but_its_folders() -> None:
    sent = wish.config(WISH)
    host = sent["HostConfig"]

    assert sent["User"] == "64501:64501"
    assert host["CapDrop"] == ["ALL"]
    assert "CapAdd" not in host
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not any("seccomp" in option for option in host["SecurityOpt"]), "the Engine's own profile stays"
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["NetworkMode"] == "none"
    assert (host["Memory"], host["MemorySwap"]) == (4_000_000_000, 4_000_000_000)
    assert (host["NanoCpus"], host["PidsLimit"]) == (2_000_000_000, 64)
    assert host["Mounts"] == [
        {
            "Type": "bind",
            "Source": "/state/tree",
            "Target": "/reprise/tree",
            "ReadOnly": False,
            "BindOptions": {"Propagation": "rprivate"},
        }
    ]
    assert host["LogConfig"]["Config"]["max-size"] == "2000000"
    assert host["RestartPolicy"] == {"Name": "no"}


def test_the_first_process_is_our_runner_whatever_the_image_starts() -> None:
    sent = wish.config(WISH)

    assert sent["Entrypoint"] == ["python3", "-I", "-S", "/reprise/runner.pyz", "trial", "/reprise/trial"]
    assert sent["Cmd"] == []
    assert sent["Healthcheck"] == {"Test": ["NONE"]}


def test_volumes_of_an_image_are_small_and_cover_no_mount_of_ours() -> None:
    host = wish.host_config(replace(WISH, volumes=("/data", "/reprise", "/")))

    assert list(host["Tmpfs"]) == ["/data"]
    assert "size=67108864" in host["Tmpfs"]["/data"]


def test_nvidia_gpus_are_asked_for_as_the_command_line_does() -> None:
    asked = devices.request(2, Vendor.NVIDIA)

    assert asked == {"DeviceRequests": [{"Driver": "", "Count": 2, "Capabilities": [["gpu"]]}]}
    assert wish.host_config(replace(WISH, devices=asked))["DeviceRequests"] == asked["DeviceRequests"]


def test_amd_gpus_are_device_files_and_the_groups_that_may_open_them() -> None:
    asked = devices.request(1, Vendor.AMD, groups=(44, 105))

    assert [each["PathOnHost"] for each in asked["Devices"]] == ["/dev/kfd", "/dev/dri"]
    assert asked["GroupAdd"] == ["44", "105"]


def test_a_run_without_gpus_asks_for_none() -> None:
    assert devices.request(0, Vendor.NVIDIA) == devices.request(0, Vendor.AMD) == {}


def test_gpus_are_counted_by_what_their_drivers_show(tmp_path: Path) -> None:
    nothing, dev = tmp_path / "nothing", tmp_path / "dev"
    (dev / "dri").mkdir(parents=True)
    for name in ("card0", "renderD128", "renderD129"):
        (dev / "dri" / name).touch()

    assert devices.found(nvidia=nothing, dev=dev) == Gpus(), "a display alone computes nothing"
    (dev / "kfd").touch()
    assert devices.found(nvidia=nothing, dev=dev) == Gpus(
        2, Vendor.AMD, groups=((dev / "kfd").stat().st_gid,)
    )
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    assert devices.found(nvidia=tmp_path / "gpus", dev=dev) == Gpus(1, Vendor.NVIDIA)


def test_fetched_data_is_mounted_read_only_at_its_place_in_the_tree(tmp_path: Path) -> None:
    data = FetchedFile("data/a.csv", "/cache/digest", "0" * 64, 1, "https://example.org")
    job = replace(jobs.job(tmp_path, jobs.spec()), data=(data,))

    mounts = folders.mounts(job, tmp_path / "runner.pyz")

    assert mounts[-1] == Mount(Path("/cache/digest"), Path("/reprise/tree/data/a.csv"))
    writable = {str(mount.target) for mount in mounts if mount.writable}
    assert writable == {
        *("/reprise/trial", "/reprise/tree", "/reprise/home", "/reprise/output", "/reprise/inside", "/tmp"),
    }


def test_names_and_labels_tell_controllers_runs_and_attempts_apart(tmp_path: Path) -> None:
    job = jobs.job(tmp_path, jobs.spec(), name="3-2")
    labels = names.of_trial(tmp_path, job.run_id, job.folder)

    assert labels["reprise.run"] == "run-1"
    assert (labels["reprise.trial"], labels["reprise.attempt"]) == ("3", "2")
    assert labels["reprise.state"] != names.of_state(tmp_path / "other")["reprise.state"]
    assert names.container(tmp_path, job.run_id, job.folder).endswith("-run-1-3-2")
