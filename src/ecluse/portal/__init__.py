"""The control room in the browser. No code that reads a patient's row is ever in this process."""
