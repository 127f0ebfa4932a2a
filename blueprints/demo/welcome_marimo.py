import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    slider = mo.ui.slider(1, 10, value=6, label="Number")
    slider
    return mo, slider


@app.cell
def _(mo, slider):
    mo.md(f"{slider.value} times 7 is **{slider.value * 7}**")
    return


if __name__ == "__main__":
    app.run()
