"""The services' settings, written anew for each box: places differ, what is kept does not know them."""

import shutil
from pathlib import Path

from tests.openstack.place import PASSWORD, REGION, Place

LOCKED = "[oslo_concurrency]\nlock_path = {locks}\n"
SILENT = "[oslo_messaging_notifications]\ndriver = noop\n"
BUS = "transport_url = fake://"
"""Each service is one process, so nobody else needs to hear."""

OPENED = {
    "nova": (
        '"os_compute_api:os-extended-server-attributes": "rule:project_reader_or_admin"\n'
        '"os_compute_api:servers:show:host_status": "rule:project_reader_or_admin"\n'
    ),
    "blazar": (
        '"blazar:oshosts:get": ""\n"blazar:oshosts:get_allocations": ""\n"blazar:floatingips:get": ""\n'
    ),
}
"""What users of the sites may read and upstream keeps for administrators."""


def write_all(place: Place, environment: Path) -> None:
    place.settings.mkdir()
    for service in ("placement", "neutron", "keystone", "glance", "nova", "blazar"):
        (place.settings / service).mkdir()
    for service, rules in OPENED.items():
        (place.settings / service / "policy.yaml").write_text(rules)
    etc = environment / "etc"
    shutil.copy(etc / "nova" / "api-paste.ini", place.settings / "nova")
    for file, text in {
        "mariadb.cnf": mariadb(place),
        "keystone/keystone.conf": keystone(place),
        "placement/placement.conf": placement(place),
        "glance/glance-api.conf": glance(place, etc),
        "neutron/neutron.conf": neutron(place, etc),
        "nova/nova.conf": nova(place),
        "blazar/blazar.conf": blazar(place),
    }.items():
        (place.settings / file).write_text(text)


def database(name: str) -> str:
    """The socket is named from the box's folder, where every service runs: Nova keeps such addresses."""
    return f"mysql+pymysql://root@localhost/{name}?unix_socket=mariadb.sock&charset=utf8mb4"


def account(place: Place, name: str) -> str:
    return (
        f"auth_type = password\nauth_url = {place.url('keystone')}/v3\n"
        f"username = {name}\npassword = {PASSWORD}\nuser_domain_id = default\n"
        f"project_name = service\nproject_domain_id = default\nregion_name = {REGION}\n"
    )


def token_check(place: Place, name: str) -> str:
    return (
        f"[keystone_authtoken]\nwww_authenticate_uri = {place.url('keystone')}/v3\n"
        f"service_token_roles_required = false\n{account(place, name)}"
    )


def mariadb(place: Place) -> str:
    """Nothing here outlives the machine's power, so nothing waits for the disk."""
    return f"""\
[mysqld]
datadir = {place.state}/mariadb
socket = {place.folder}/mariadb.sock
pid-file = {place.folder}/mariadb-own.pid
skip-networking
skip-name-resolve
user = root
performance_schema = off
innodb_buffer_pool_size = 96M
innodb_log_file_size = 32M
innodb_flush_log_at_trx_commit = 0
innodb_doublewrite = 0
innodb_flush_method = nosync
max_connections = 300
"""


def keystone(place: Place) -> str:
    return f"""\
[database]
connection = {database("keystone")}
[token]
provider = fernet
expiration = 86400
[fernet_tokens]
key_repository = {place.state}/fernet-keys
[fernet_receipts]
key_repository = {place.state}/fernet-keys
[credential]
key_repository = {place.state}/credential-keys
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
{SILENT}"""


def placement(place: Place) -> str:
    return f"""\
[placement_database]
connection = {database("placement")}
[api]
auth_strategy = keystone
{token_check(place, "placement")}"""


def glance(place: Place, etc: Path) -> str:
    stores = "".join(
        f"[{section}]\nfilesystem_store_datadir = {place.state}/glance/{folder}\n"
        for section, folder in (
            ("files", "images"),
            ("os_glance_staging_store", "staging"),
            ("os_glance_tasks_store", "tasks"),
        )
    )
    return f"""\
[DEFAULT]
enabled_backends = files:file
enabled_import_methods = []
worker_self_reference_url = {place.url("glance")}
[database]
connection = {database("glance")}
[glance_store]
default_backend = files
{stores}[paste_deploy]
flavor = keystone
config_file = {etc}/glance/glance-api-paste.ini
{token_check(place, "glance")}{SILENT}"""


def neutron(place: Place, etc: Path) -> str:
    return f"""\
[DEFAULT]
state_path = {place.state}/neutron
api_paste_config = {etc}/neutron/api-paste.ini
auth_strategy = keystone
core_plugin = ml2
service_plugins = router
{BUS}
rpc_workers = 0
notify_nova_on_port_status_changes = true
notify_nova_on_port_data_changes = true
send_events_interval = 1
dhcp_agent_notification = false
dns_domain = box.
[database]
connection = {database("neutron")}
[nova]
{account(place, "nova")}
[ml2]
type_drivers = flat,vlan,local
tenant_network_types = local
mechanism_drivers = bind_any
extension_drivers = port_security
[ml2_type_flat]
flat_networks = *
[ml2_type_vlan]
network_vlan_ranges = physnet1:100:200
{token_check(place, "neutron")}{SILENT}{LOCKED.format(locks=place.state / "neutron")}"""


def nova(place: Place) -> str:
    """A quick heartbeat, because the first one decides when a start is over.

    Neutron lets a port of a server go only where Nova says that it is Nova.
    """
    return f"""\
[DEFAULT]
{BUS}
state_path = {place.state}/nova
my_ip = {place.host}
compute_driver = made_up_machines.MachineDriver
reserved_host_memory_mb = 0
instances_path = {place.state}/nova/instances
vif_plugging_is_fatal = false
vif_plugging_timeout = 0
report_interval = 5
[api_database]
connection = {database("nova_api")}
[database]
connection = {database("nova")}
[api]
auth_strategy = keystone
[wsgi]
api_paste_config = {place.settings}/nova/api-paste.ini
[neutron]
{account(place, "neutron")}
[placement]
{account(place, "placement")}
[glance]
region_name = {REGION}
[service_user]
send_service_user_token = true
{account(place, "nova")}
[cinder]
catalog_info = volumev3::internalURL
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 5
[filter_scheduler]
available_filters = nova.scheduler.filters.all_filters
available_filters = blazarnova.scheduler.filters.blazar_filter.BlazarFilter
enabled_filters = {",".join(NOVA_FILTERS)}
[quota]
driver = nova.quota.NoopQuotaDriver
[oslo_policy]
policy_file = {place.settings}/nova/policy.yaml
[vnc]
enabled = false
[spice]
enabled = false
{token_check(place, "nova")}{SILENT}{LOCKED.format(locks=place.state / "nova")}"""


NOVA_FILTERS = (
    "ComputeFilter",
    "ComputeCapabilitiesFilter",
    "ImagePropertiesFilter",
    "AggregateInstanceExtraSpecsFilter",
    "AggregateMultiTenancyIsolation",
    "ServerGroupAntiAffinityFilter",
    "ServerGroupAffinityFilter",
    "SameHostFilter",
    "DifferentHostFilter",
    "BlazarFilter",
)

BLAZAR_PLUGINS = (
    "physical.host.plugin",
    "virtual.instance.plugin",
    "flavor.instance.plugin",
    "virtual.floatingip.plugin",
)


def blazar(place: Place) -> str:
    own = "endpoint_type = public\n"
    return f"""\
[DEFAULT]
{BUS}
host = {place.host}
os_auth_protocol = http
os_auth_host = {place.host}
os_auth_port = 5000
os_auth_version = v3
os_admin_username = blazar
os_admin_password = {PASSWORD}
os_admin_project_name = service
os_region_name = {REGION}
identity_service = identity
endpoint_type = public
[database]
connection = {database("blazar")}
[nova]
{own}aggregate_freepool_name = freepool
[neutron]
{own}[placement]
{own}[enforcement]
enabled_filters = ExternalServiceFilter
external_service_base_endpoint = {place.url("portal")}/
external_service_token = {PASSWORD}
[oslo_policy]
policy_file = {place.settings}/blazar/policy.yaml
[manager]
plugins = {",".join(BLAZAR_PLUGINS)}
{token_check(place, "blazar")}{SILENT}{LOCKED.format(locks=place.state / "blazar")}"""
