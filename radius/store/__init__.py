"""Where things are kept: the SQL store, the keys that seal it, and the node file that workers read in its place."""
