"""The I/O shell: sockets, workers, the way of a packet, the housekeepers. The only room that knows asyncio."""
