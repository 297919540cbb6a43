"""Care: periods and episodes of care, and what else decides somebody's category and what the returns ask."""
