"""Workdays: the days off and the worked weekends that the company has entered over the shipped notices.

It promises that every room reads one calendar, and that an edit reaches every process within seconds.
"""
