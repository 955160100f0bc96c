"""Forms of casework, a module for each subject. A form checks input; it decides neither access nor state."""
