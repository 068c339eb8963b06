"""Training of the models: data readers and one ``train`` function per model."""
