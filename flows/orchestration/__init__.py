"""The timetable of flows, and the processes that start its runs."""
