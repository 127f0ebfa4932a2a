"""Makes a picture from a prompt, step by step: what an image generator does, without a model."""

import hashlib
import os
import re
import time

import gradio as gr
import numpy as np
from PIL import Image, PngImagePlugin
from starlette.middleware import Middleware

OUTPUT = os.environ.get("INSTANCE_OUTPUT_DIR", "outputs")
PREFIX = os.environ.get("SUBFOLDER", "/").rstrip("/")
STEP_S = 0.05


class WithOrWithoutPrefix:
    """The page asks for addresses below PREFIX. The panel removes it; on a port of its own nobody else does."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if PREFIX and path.startswith(f"{PREFIX}/"):
            scope = {**scope, "path": path[len(PREFIX):], "raw_path": path[len(PREFIX):].encode()}
        await self.app(scope, receive, send)


def field(random: np.random.Generator, size: int) -> np.ndarray:
    """The picture that the noise turns into: a few coloured waves that the prompt chooses."""
    y, x = np.mgrid[0:1:size * 1j, 0:1:size * 1j]
    picture = np.zeros((size, size, 3))
    for _ in range(6):
        wave = np.sin(2 * np.pi * (random.uniform(-4, 4) * x + random.uniform(-4, 4) * y) + random.uniform(0, 6))
        picture += random.uniform(0, 1, 3) * wave[..., None]
    low, high = picture.min(), picture.max()
    return (picture - low) / (high - low)


def generate(prompt: str, steps: float, size: float, seed: float, progress: gr.Progress = gr.Progress()):
    """Yields the picture after every step, and the file at the end."""
    steps, size, seed = int(steps), int(size), int(seed)
    digest = hashlib.sha256(f"{seed}:{prompt}".encode()).digest()
    random = np.random.default_rng(list(digest))
    goal, noise = field(random, size), random.uniform(0, 1, (size, size, 3))
    for step in range(1, steps + 1):
        time.sleep(STEP_S)
        part = step / steps
        picture = Image.fromarray(((goal * part + noise * (1 - part)) * 255).astype(np.uint8))
        progress((step, steps), desc="sampling", unit="steps")
        print(f"{prompt!r}: step {step}/{steps}", flush=True)
        yield picture, f"Step {step} of {steps}"
    os.makedirs(OUTPUT, exist_ok=True)
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:40] or "picture"
    path = os.path.join(OUTPUT, f"{words}-{seed}-{int(time.time() * 1000)}.png")
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", f"{prompt}\nSteps: {steps}, Seed: {seed}, Size: {size}x{size}")
    picture.save(path, pnginfo=text)
    print(f"saved {path}", flush=True)
    # The page has the picture; sent again, it would be written anew while browsers read it.
    yield gr.skip(), f"Saved {os.path.basename(path)}"


with gr.Blocks(title="AiKore demo generator", analytics_enabled=False) as app:
    gr.Markdown("# Demo generator\nA picture from a prompt, without a model. Files go to the instance's output folder.")
    with gr.Row():
        with gr.Column():
            prompt = gr.Textbox(label="Prompt", value="waves at dawn", autofocus=True)
            steps = gr.Slider(1, 100, value=20, step=1, label="Steps")
            size = gr.Slider(64, 1024, value=384, step=64, label="Size")
            seed = gr.Number(value=1, precision=0, label="Seed")
            with gr.Row():
                go = gr.Button("Generate", variant="primary")
                cancel = gr.Button("Stop")
        with gr.Column():
            image = gr.Image(label="Picture", format="png", interactive=False)
            status = gr.Textbox(label="Status", interactive=False)
    run = go.click(generate, [prompt, steps, size, seed], [image, status], api_name="generate")
    cancel.click(None, cancels=[run], api_visibility="private")

print(f"serving on port {os.environ.get('WEBUI_PORT', '7860')}", flush=True)
app.queue(default_concurrency_limit=1, max_size=50).launch(
    server_name=os.environ.get("WEBUI_HOST", "127.0.0.1"),
    server_port=int(os.environ.get("WEBUI_PORT", "7860")),
    root_path=PREFIX,
    app_kwargs={"middleware": [Middleware(WithOrWithoutPrefix)]},
    inbrowser=False,
    quiet=True,
)
