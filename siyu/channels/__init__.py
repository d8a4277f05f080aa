"""Channels (渠道): how people arrive. QR codes, live codes, group live codes, acquisition and kf links, tracked links.

It owns what each channel is, every version of it, its costs, and its code on the platform. It promises that an arrival
is counted once, tells who came by which channel (event ``channel_arrived``, condition ``channel``), sets the channel's
tags with their reason, and that a live code leads to whom ``allocation`` names, on the platform within seconds.
"""
