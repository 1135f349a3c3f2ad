"""The playground's files: there or not as the settings say, with nothing from elsewhere and no secret in them."""

from __future__ import annotations

import re
from dataclasses import replace

from web_worlds import web_world

from switchboard.web.services import WebSettings

HERE = WebSettings(playground=True, access_log=False)


async def test_the_root_is_the_playground_and_every_file_that_it_names_is_there() -> None:
    async with web_world(HERE) as world:
        page = await world.get("/")
        assert page.status == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        text = page.body.decode()
        assert "http" not in text.replace("https pages", "")
        left = re.findall(r'(?:src|href)="(/playground/[^"]+)"', text)
        met = set(left)
        while left:
            file = await world.get(left.pop())
            assert file.status == 200
            for name in re.findall(r'from "\./([^"]+)"', file.body.decode()):
                path = f"/playground/{name}"
                if path not in met:
                    met.add(path)
                    left.append(path)
        assert len(met) == 10
        again = await world.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status, again.body) == (304, b"")


async def test_what_the_page_is_told_holds_keys_and_times_and_no_secret() -> None:
    async with web_world(HERE) as world:
        answer = await world.get("/playground/config.json")
        apps = world.services.pusher.by_dialect
        told = answer.body
        assert told["terms"]["gig"]["claim_timeout"] == world.services.dispatch.terms.claim_timeout
        for name, app in apps.items():
            assert told[name] == {"key": app.key, "path": f"/{name}/app"}
            assert app.secret not in repr(told)


async def test_a_host_that_is_bound_to_a_dialect_has_that_dialects_root() -> None:
    settings = replace(HERE, dialect_hosts={"gigs.example.test": "dropin"})
    async with web_world(settings) as world:
        bound = {"Host": "gigs.example.test"}
        assert (await world.get("/", headers=bound)).code == "E_NOT_FOUND"
        assert (await world.get("/")).status == 200


async def test_there_is_none_unless_the_settings_say_so() -> None:
    async with web_world(replace(HERE, playground=False)) as world:
        assert (await world.get("/")).status == 404
        assert (await world.get("/playground/main.js")).status == 404
        assert (await world.get("/playground/config.json")).status == 404
