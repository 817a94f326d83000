"""No answer is lost while the stream of answers closes, and none takes the place of a later one."""

from __future__ import annotations

from typing import Any

import pytest

from hf_genimg.demo.handlers import generate
from hf_genimg.demo.settings import Settings

from .looking import choose_model, shows, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
# Holds back what the server says last on a stream of answers, as a slow network does, once `holding`, until `release`
# is called.
SLOW_TO_CLOSE = """(() => {
  const fetched = window.fetch.bind(window);
  window.fetch = async (...asked) => {
    const address = asked[0] instanceof Request ? asked[0].url : String(asked[0]);
    const response = await fetched(...asked);
    if (!address.includes('/queue/data')) return response;
    const hold = (chunk, controller) => {
      const text = new TextDecoder().decode(chunk), closing = text.search(/data: {"msg": ?"close_stream"/);
      if (closing < 0 || !window.holding) return controller.enqueue(chunk);
      const [before, last] = [text.slice(0, closing), text.slice(closing)];
      controller.enqueue(new TextEncoder().encode(before));
      return new Promise((resolve) => {
        window.release = () => { controller.enqueue(new TextEncoder().encode(last)); resolve(); };
      });
    };
    const body = response.body.pipeThrough(new TransformStream({ transform: hold }));
    return new Response(body, { status: response.status, headers: response.headers });
  };
})()"""


def test_an_event_that_is_asked_for_while_the_stream_closes_is_answered(visit: Any, seen: Any, of: Any) -> None:
    page = visit("gan")
    page.add_init_script(SLOW_TO_CLOSE)
    page.reload()
    page.wait_for_function("() => location.search.includes('seed=0')")
    page.evaluate("window.holding = true")
    slide(page, "mix", 0.25)
    page.wait_for_function("() => !!window.release")
    with page.expect_response("**/queue/join*"):
        slide(page, "mix", 0.5)
    page.wait_for_timeout(300)  # until the page knows that it was taken
    page.evaluate("holding = false; release()")
    shows(page, seen, "#images", list(generate(of("gan"), Settings(mix=0.5)))[-1][0])


def test_a_late_answer_of_the_model_before_changes_nothing(visit: Any, seen: Any, of: Any) -> None:
    """A slider asks for images, another model is chosen, its images come, and then those that the slider asked for."""
    page = visit("gan")
    page.wait_for_function("() => location.search.includes('seed=0')")
    held: list[Any] = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    slide(page, "mix", 0.5)
    until(lambda: (page.wait_for_timeout(20), bool(held))[1])
    choose_model(page, "infogan")
    expected = list(generate(of("infogan"), Settings(mix=0.5)))[-1][0]
    shows(page, seen, "#images", expected)
    with page.expect_response("**/queue/join*"):
        held[0].continue_()
    page.wait_for_timeout(1500)  # until its answer is there
    shows(page, seen, "#images", expected)
    assert "model=infogan" in page.url
