"""Pages: each view reads by selectors, writes by services, and translates."""
