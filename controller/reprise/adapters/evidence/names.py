"""What evidence calls its files and forms: whoever seals it and whoever verifies it must call them alike."""

RUN = "run.json"
RESULT = "report.json"
REPORT = "report.md"
SUMS = "SHA256SUMS"
ATTESTATION = "attestation.dsse.json"
CRATE = "ro-crate-metadata.json"

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
JUDGING = "#verdict"
"""The action of the crate that is the judging."""
