"""Forms of casework, one module for each subject. They check input; they read no tables and decide no access."""
