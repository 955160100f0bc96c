"""Pages of steering. Each view: fetch what is visible, read the form, call the model, render."""
