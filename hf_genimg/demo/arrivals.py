"""How answers arrive in the browser: none is lost, and none takes the place of a later one.

Two faults of gradio 6.31 are mended between its client and the network, in `window.fetch`:

- An event that is asked for while the server closes the stream of answers was never answered: the client took the
  stream for open, read that it was closed, and opened no other before the next event. Here the stream is opened again
  as long as an answer is due.
- Events that fill the same component are answered in any order: what a slider asked for of one model could be shown
  after another model was chosen. Here, among the events that read the chosen model, what a component was given is kept
  when the answer of an earlier one comes.
"""

from __future__ import annotations

ARRIVALS = r"""(() => {
  const asked = new Map(), given = new Map(), joining = new Set(), fetched = window.fetch.bind(window);
  const skipped = { __type__: 'update' };
  let count = 0, waiting = [];
  const another = () => new Promise((resolve) => waiting.push(resolve)); // event has its id, or has none
  const outputsOf = (number) => {
    const config = window.gradio_config ?? {}, event = config.dependencies?.find((each) => each.id === number);
    const chooser = config.components?.find((each) => each.props.elem_id === 'model');
    return chooser && event?.inputs.includes(chooser.id) ? event.outputs : [];
  };
  const join = async (input, settings) => {
    const number = ++count, response = fetched(input, settings);
    const noted = response.then((each) => each.clone().json()).then(({ event_id: id }) => {
      if (id) asked.set(id, { number, outputs: outputsOf(JSON.parse(settings.body).fn_index), begun: false });
    }).catch(() => {}).finally(() => {
      joining.delete(noted);
      waiting.splice(0).forEach((wake) => wake());
    });
    joining.add(noted);
    return response;
  };
  const gives = (value, whole) => whole
    ? value?.__type__ !== 'update' || 'value' in value
    : value.length > 0; // a list of changes
  const checked = async (event) => {
    if (!event.startsWith('data:') || !/"msg":\s*"process_(generating|completed)"/.test(event)) return event;
    const message = JSON.parse(event.slice(5)), id = message.event_id;
    while (!asked.has(id) && joining.size) await another(); // the answer was quicker than its number
    const own = asked.get(id), completed = message.msg === 'process_completed', data = message.output?.data;
    if (completed) asked.delete(id);
    if (!own || !Array.isArray(data)) return event;
    const whole = completed || !own.begun, late = own.outputs.map((id) => (given.get(id) ?? 0) > own.number);
    own.begun = true;
    own.outputs.forEach((id, i) => { if (!late[i] && gives(data[i], whole)) given.set(id, own.number); });
    if (!late.includes(true)) return event;
    message.output.data = completed ? data.map((value, i) => (late[i] ? skipped : value)) : [];
    return `data: ${JSON.stringify(message)}`;
  };
  const follow = async (controller, first, again) => {
    const encoder = new TextEncoder();
    let stream = first;
    while (stream) {
      const decoder = new TextDecoder(), reader = stream.body.getReader();
      let text = '', closing = '';
      stream = null;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
        const events = text.split('\n\n');
        text = events.pop();
        for (const event of events) {
          if (/"msg":\s*"close_stream"/.test(event)) closing = event;
          else controller.enqueue(encoder.encode(`${await checked(event)}\n\n`));
        }
      }
      while (closing && joining.size && !asked.size) await another();
      const next = closing && asked.size ? await again() : null;
      if (next?.ok) stream = next;
      else controller.enqueue(encoder.encode(`${closing || text}\n\n`));
    }
    controller.close();
  };
  window.fetch = async (input, settings) => {
    const address = input instanceof Request ? input.url : String(input);
    if (address.includes('/queue/join')) return join(input, settings);
    if (!address.includes('/queue/data')) return fetched(input, settings);
    const again = () => fetched(input instanceof Request ? input.clone() : input, settings);
    const first = await again();
    if (!first.ok || !first.body) return first;
    const body = new ReadableStream({
      start: (controller) => { follow(controller, first, again).catch((fault) => controller.error(fault)); },
    });
    return new Response(body, { status: first.status, headers: first.headers });
  };
})();"""
HEAD = f"<script>{ARRIVALS}</script>"
