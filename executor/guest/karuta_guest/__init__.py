"""The zygote, the sandbox of its children, and how a card is run."""
