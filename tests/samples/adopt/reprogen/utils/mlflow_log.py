"""What the run should know of its machine."""

import platform
import subprocess

import mlflow


def log_python() -> None:
    mlflow.set_tag("python_version", platform.python_version())
    mlflow.set_tag("platform", platform.platform())


def log_git() -> None:
    try:
        commit = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True, stderr=subprocess.DEVNULL)
        mlflow.set_tag("git_commit", commit.strip())
    except (OSError, subprocess.CalledProcessError):
        mlflow.set_tag("git_status", "no repository")
