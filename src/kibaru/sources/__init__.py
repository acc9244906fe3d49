"""Articles from web sites.

`discovery.discover` finds what a site offers (WordPress API, feed, sitemap), `registry.Sources` keeps the sources of an
archive, and `sync.sync` brings in what is new or changed. `single_pages.read_inputs` reads files and single web pages.
All requests go through `http.client.HttpClient`, which reaches no private address and keeps to robots.txt.
"""
