"""The site's part of the service: what its pages, and programs, ask for and change."""
