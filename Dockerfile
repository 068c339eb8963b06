FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY models/*.tflite models/
COPY data/syntaxes data/syntaxes
COPY data/synthesis data/synthesis
COPY data/words.txt data/words.txt
COPY src src
# What it can do, and packages besides, such as s3fs for a cluster that reads from S3.
ARG EXTRAS=heif,service,watch
ARG MORE=
RUN pip install --no-cache-dir ".[$EXTRAS]" $MORE && rm -rf /app/*
RUN useradd --create-home reader && mkdir /data && chown reader /data
USER reader
# Nothing else has to be writable.
ENV PLATE_DATA=/data TMPDIR=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=3)"]
CMD ["numberplate", "serve", "--host", "0.0.0.0", "--port", "8000"]
