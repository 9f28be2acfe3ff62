import mlflow
from utils.mlflow_log import log_git

mlflow.set_experiment("noisy-coin")

with mlflow.start_run():
    log_git()
