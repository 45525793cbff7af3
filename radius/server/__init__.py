"""The I/O shell: sockets, workers, the way of a packet, the housekeeper. The only room that knows asyncio."""
