"""Why a cell shows what it shows: asked of the process that knows, and never with a value."""
