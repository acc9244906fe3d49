# docker build -t kibaru . && docker run --env-file .env -v kibaru:/data kibaru
FROM python:3.11-slim

WORKDIR /app
# The wheels of torch without CUDA are a tenth of the size.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY src src
COPY bot bot
RUN pip install --constraint requirements.lock . \
 && useradd --system --uid 10001 --home-dir /data kibaru \
 && install --directory --owner=kibaru /data

USER kibaru
WORKDIR /data
VOLUME /data
ENV KIBARU_INDEX=/data/index KIBARU_CACHE=/data/cache
HEALTHCHECK --interval=5m --timeout=1m --start-period=2m CMD ["kibaru-bot", "--check"]
STOPSIGNAL SIGTERM
CMD ["kibaru-bot"]
