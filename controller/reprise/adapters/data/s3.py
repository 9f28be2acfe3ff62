"""Objects of S3 and what speaks like it. boto3 only signs: the bytes come the same guarded way as others."""

from urllib.parse import quote

from reprise.adapters.data.asked import Asked
from reprise.adapters.data.rules import Rules, Secret
from reprise.adapters.data.trouble import refused
from reprise.adapters.data.wanted import Wanted
from reprise.domain.data.sources import Bucket

VALID_SECONDS = 3600


def resolve(asked: Asked, source: Bucket) -> Wanted:
    """Raises NotFetched."""
    return Wanted(url=address(asked, source), source=asked.shown, sha256=asked.file.sha256)


def address(asked: Asked, source: Bucket) -> str:
    """Signed when the entry names a secret. Raises NotFetched."""
    if asked.secret is None:
        return f"{_root(asked.rules, source.name)}/{quote(source.key)}"
    return _signed(asked.rules, asked.secret, source)


def _root(rules: Rules, bucket: str) -> str:
    if rules.s3 is not None:
        return f"{rules.s3}/{bucket}"
    if "." in bucket:  # no certificate covers such a host
        return f"https://s3.{rules.s3_region}.amazonaws.com/{bucket}"
    return f"https://{bucket}.s3.{rules.s3_region}.amazonaws.com"


def _signed(rules: Rules, secret: Secret, source: Bucket) -> str:
    """``secret`` is ``ACCESS_KEY:SECRET_KEY``. Computed here, nobody is asked."""
    access, _, key = secret.value.partition(":")
    if not key:
        raise refused(f"the secret {secret.name} is not like ACCESS_KEY:SECRET_KEY: correct data.secrets")
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise refused("a bucket with a secret needs boto3: install reprise-ml[s3]") from None
    client = boto3.client(
        "s3",
        aws_access_key_id=access,
        aws_secret_access_key=key,
        region_name=rules.s3_region,
        endpoint_url=rules.s3,
        config=Config(
            signature_version="s3v4", s3={"addressing_style": "path" if rules.s3 is not None else "auto"}
        ),
    )
    signed: str = client.generate_presigned_url(
        "get_object", Params={"Bucket": source.name, "Key": source.key}, ExpiresIn=VALID_SECONDS
    )
    return signed
