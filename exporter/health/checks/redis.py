"""Redis takes a value and gives it back.

Without Redis each replica goes on with its own memory: rate limits and sessions are no longer
shared, and nothing is lost.
"""

from ...ids import new_id
from ...outage import RedisAway
from ...settings import Settings
from ..check import Check, Finding, Unhealthy
from ..tools import Tools

KEY = "meterhouse:health:{instance}"
KEPT_SECONDS = 300


class Redis(Check, frozen=True, kw_only=True, tag="redis"):
    """Sets a key and reads it again."""

    @classmethod
    def built_in(cls, settings: Settings) -> "Redis | None":
        """With REDIS_URL."""
        return cls() if settings.redis_url else None

    async def run(self, tools: Tools) -> Finding:
        """Healthy when what was set was read."""
        if tools.redis is None:
            raise Unhealthy("REDIS_URL is not set.")
        key, token = KEY.format(instance=tools.instance), new_id()
        try:
            await tools.redis.ask_anyway(lambda redis: redis.set(key, token, ex=KEPT_SECONDS))
            read = await tools.redis.ask_anyway(lambda redis: redis.get(key))
        except RedisAway as error:
            raise Unhealthy(f"It does not answer as it should ({error}).") from error
        if read != token.encode():
            raise Unhealthy("What was set is not what is read.")
        return Finding()
