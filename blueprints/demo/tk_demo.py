"""A window with a text field; what is typed is printed, and the field is saved when the program is asked to end."""

import os
import signal
import tkinter

NAME = os.environ.get("INSTANCE_NAME") or "Tk demo"

window = tkinter.Tk()
window.title(NAME)
window.geometry("640x360+40+40")
tkinter.Label(window, text=f"{NAME}: type something", font=("sans", 16)).pack(pady=20)

text = tkinter.StringVar()
text.trace_add("write", lambda *_: print(f"text: {text.get()}", flush=True))
field = tkinter.Entry(window, textvariable=text, font=("sans", 20))
field.pack(fill="x", padx=20)
shown = tkinter.Label(window, textvariable=text, font=("sans", 20))
shown.pack(pady=20)
tkinter.Button(window, text="Clear", command=lambda: text.set("")).pack()


def opened(_event):
    window.unbind("<Map>")
    field.focus_force()
    print("the window is open", flush=True)


def end(*_):
    """Asked to end, a program with a window still has its screen."""
    window.update()
    print(f"ended with the text: {text.get()}", flush=True)
    window.destroy()


def look():
    """Python sees signals only while it runs, and Tk waits in C."""
    window.after(100, look)


window.bind("<Map>", opened)
signal.signal(signal.SIGTERM, end)
look()
window.mainloop()
