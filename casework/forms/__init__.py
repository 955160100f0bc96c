"""Forms of casework, a module for each subject."""
