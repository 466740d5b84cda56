"""The fault benchmark: faulty and healthy trainings, their rivals and their scores."""
