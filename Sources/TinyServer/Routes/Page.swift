extension Server {
    /// A page that puts the model and an adapter side by side. It loads nothing from elsewhere, and shows text as text.
    static let page = ServerResponse(
        headers: [
            "content-type": "text/html; charset=utf-8", "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                + "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ], body: .whole(Array(pageText.utf8)))
}

private let pageText = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>TinyLoRA: compare adapters</title>
    <style>
    :root { color-scheme: light dark; }
    body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
    h1 { font-size: 1.3rem; }
    textarea, select, input { font: inherit; box-sizing: border-box; }
    textarea { width: 100%; height: 6rem; }
    .settings { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: .5rem 0; align-items: end; }
    .settings label { display: flex; flex-direction: column; font-size: .85rem; }
    .settings input[type=number] { width: 7rem; }
    .answers { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
    @media (max-width: 40rem) { .answers { grid-template-columns: 1fr; } }
    .answers select, .answers input { width: 100%; }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8888; border-radius: .3rem;
      padding: .6rem; min-height: 8rem; }
    .note { font-size: .85rem; opacity: .75; min-height: 1.5em; }
    .error { color: #c33; opacity: 1; }
    </style>
    </head>
    <body>
    <h1>TinyLoRA: compare adapters</h1>
    <form id="form">
    <label for="question">Question</label>
    <textarea id="question" required>Tom has 12 apples. He picks 5 more. How many apples does Tom have now?</textarea>
    <div class="settings">
    <label>Temperature <input id="temperature" type="number" min="0" step="0.1" value="0"></label>
    <label>Seed <input id="seed" type="number" step="1" value="1"></label>
    <label>Token limit <input id="limit" type="number" min="1" step="1" value="128"></label>
    <label>Token of the server <input id="token" type="password" autocomplete="off"></label>
    <button id="ask">Ask both</button>
    <button id="stop" type="button" disabled>Stop</button>
    </div>
    </form>
    <datalist id="models"></datalist>
    <div class="answers">
    <section aria-label="First answer">
    <label>Model <input list="models" class="model" autocomplete="off"></label>
    <pre aria-live="polite"></pre><div class="note"></div>
    </section>
    <section aria-label="Second answer">
    <label>Adapter: name or code <input list="models" class="model" autocomplete="off"></label>
    <pre aria-live="polite"></pre><div class="note"></div>
    </section>
    </div>
    <script>
    "use strict";
    const get = id => document.getElementById(id);
    const sections = [...document.querySelectorAll("section")];
    let abort = new AbortController();

    function headers() {
      const token = get("token").value;
      return token ? { "authorization": "Bearer " + token } : {};
    }

    async function failure(response) {
      try { return (await response.json()).error.message; } catch { return "status " + response.status; }
    }

    async function listModels() {
      const response = await fetch("v1/models", { headers: headers() });
      if (!response.ok) throw new Error(await failure(response));
      const models = (await response.json()).data;
      get("models").replaceChildren(...models.map(model => {
        const option = document.createElement("option");
        option.value = model.id;
        return option;
      }));
      const fields = document.querySelectorAll(".model");
      fields[0].value ||= models[0].id;
      fields[1].value ||= (models[1] ?? models[0]).id;
    }

    async function ask(section) {
      const [field, text, note] = ["input", "pre", ".note"].map(name => section.querySelector(name));
      text.textContent = note.textContent = "";
      note.className = "note";
      const start = performance.now();
      try {
        const response = await fetch("v1/chat/completions", {
          method: "POST", signal: abort.signal, headers: { "content-type": "application/json", ...headers() },
          body: JSON.stringify({
            model: field.value, messages: [{ role: "user", content: get("question").value }],
            temperature: Number(get("temperature").value), seed: Number(get("seed").value),
            max_tokens: Number(get("limit").value), stream: true, stream_options: { include_usage: true } }) });
        if (!response.ok) throw new Error(await failure(response));
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "", end = "";
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          const events = (rest + value).split("\n\n");
          rest = events.pop();
          for (const event of events) {
            const data = event.replace(/^data: /, "");
            if (data === "[DONE]") continue;
            const chunk = JSON.parse(data);
            if (chunk.error) throw new Error(chunk.error.message);
            const choice = chunk.choices[0];
            if (choice) {
              text.textContent += choice.delta.content ?? "";
              end = choice.finish_reason ?? end;
            }
            if (chunk.usage) {
              const seconds = (performance.now() - start) / 1000;
              note.textContent = chunk.usage.completion_tokens + " tokens in " + seconds.toFixed(1) + " s"
                + (end === "length" ? ", reached the token limit" : "");
            }
          }
        }
      } catch (error) {
        note.textContent = error.name === "AbortError" ? "stopped" : error.message;
        note.className = "note error";
      }
    }

    get("form").addEventListener("submit", async event => {
      event.preventDefault();
      abort = new AbortController();
      get("ask").disabled = true;
      get("stop").disabled = false;
      try { await listModels(); } catch { /* the answers say what is wrong */ }
      await Promise.all(sections.map(ask));
      get("ask").disabled = false;
      get("stop").disabled = true;
    });
    get("stop").addEventListener("click", () => abort.abort());
    listModels().catch(error => {
      const note = sections[0].querySelector(".note");
      note.textContent = error.message;
      note.className = "note error";
    });
    </script>
    </body>
    </html>
    """#
