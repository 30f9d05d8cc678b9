# Judges a target from a container:
#   docker build -t dify-conformance .
#   docker run --rm -e DIFY_API_KEY -v "$PWD/reports:/work/reports" dify-conformance run --base-url https://dify.example/v1
# The directory for the reports must be writable by uid 10001, or give --user "$(id -u)".

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY conformance conformance
COPY specs specs
RUN python -m venv /opt/dify-conformance \
    && /opt/dify-conformance/bin/pip install --no-cache-dir --no-compile . \
    && find /opt/dify-conformance -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.12-slim
COPY --from=build /opt/dify-conformance /opt/dify-conformance
ENV PATH=/opt/dify-conformance/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
RUN useradd --uid 10001 --create-home --home-dir /work conformance && install -d -o 10001 -m 0777 /work/reports
WORKDIR /work
USER 10001
ENTRYPOINT ["dify-conformance"]
CMD ["run"]
