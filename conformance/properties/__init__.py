"""Property tests as probes: requests are drawn, sent and recorded; rules judge each exchange by itself."""
