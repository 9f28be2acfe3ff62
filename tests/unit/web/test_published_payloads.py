"""Every payload that GitHub's own people published, signed, through the real route."""

import gzip

import pytest
from tests.samples.published import SETS, examples
from tests.unit.web.site import HOOK, SECRET, Site


@pytest.mark.parametrize("folder", SETS)
async def test_every_published_payload_is_taken_and_understood_and_none_is_lost(
    site: Site, folder: str
) -> None:
    sent, refused = {}, {}
    async with site.client() as client:
        for example in examples(folder):
            delivery = example.delivery
            headers = delivery.headers(SECRET, example.name)
            reply = await client.post(HOOK, content=delivery.body, headers=headers)
            sent[example.name] = delivery.body
            if not reply.is_success:
                refused[example.name] = (reply.status_code, reply.text)
    assert refused == {}
    assert len(sent) == SETS[folder]
    stored = site.deliveries()
    assert {row.id: gzip.decompress(row.body) for row in stored} == sent
    assert [row.id for row in stored if "not understood" in row.outcome] == []
