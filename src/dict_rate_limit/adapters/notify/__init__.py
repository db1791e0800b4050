"""Ways to people and programs: the file that names them, what they are sent, and what they answer."""
