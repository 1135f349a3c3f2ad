"""The document of all APIs (OpenAPI 3.1), the page that shows it, and what is made from it."""
