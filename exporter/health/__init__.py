"""Whether what the service depends on does its work, and the story of when it did not."""
