"""Stages of kind `feedback_round`: who is asked about somebody, is that right, what do they say."""
