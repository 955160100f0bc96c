"""The ground floor of KIM: settings and what every app stands on; imports no app."""
