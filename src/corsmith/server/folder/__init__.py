"""A folder or a file, served to pages of other origins."""
