"""Sessions as they go on, and how long they were when they ended.

A session is the events of one sessionId of a tenant. It ends at its `logout`, or when 30 minutes
have passed without an event of it; then its length, from its first event to its last, is observed
once. The same sessionId after that is a new session. A session of one event has length 0.

Events may come late and out of order. One that lies within 30 minutes of an open session belongs
to it, and may make it longer at either end. One that is older than 30 minutes and belongs to no
open session is history: its session ended before anybody watched, and more of it may come in any
order, so that it is not observed. Filling in the past leaves the histogram alone.
"""
