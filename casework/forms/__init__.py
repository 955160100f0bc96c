"""Forms of casework, one module for each subject."""
