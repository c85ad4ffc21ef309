"""Measures what each change that Routebook can render does to live sessions and tunnels, against what it forecasts."""
