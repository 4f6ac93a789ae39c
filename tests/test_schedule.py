"""What runs beside recording."""

from exporter.metrics import catalogue

from .conftest import Start
from .outside import until


async def test_free_memory_is_given_back_again_and_again(start: Start) -> None:
    service = await start()

    def given_back() -> bool:
        succeeded = catalogue.BACKGROUND_TASK_LAST_SUCCESS
        return bool(service.metrics.value(succeeded, ("heap",)))

    await until(given_back)
    assert not service.metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("heap",))
