"""Forms of casework, one module for each subject. A form checks input; what can be chosen is handed in."""
