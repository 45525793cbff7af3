"""The audit log: what a worker writes down, how it becomes evidence, how people find, check, export and erase it."""
