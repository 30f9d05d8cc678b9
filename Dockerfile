# Judges a target from a container:
#   docker build -t dify-conformance .
#   docker run --rm -e DIFY_API_KEY -v "$PWD/reports:/work/reports" dify-conformance run --base-url https://dify.example/v1
# The directory for the reports must be writable by uid 10001, or give --user "$(id -u)".

FROM python:3.12.13-slim-trixie AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /source
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY conformance conformance
COPY specs specs
# What uv.lock says, with bytecode, because a pod has nowhere to keep it; valid whatever times the layers give the files.
ENV UV_PROJECT_ENVIRONMENT=/opt/dify-conformance \
    UV_COMPILE_BYTECODE=1 \
    PYC_INVALIDATION_MODE=UNCHECKED_HASH \
    UV_PYTHON_DOWNLOADS=never
RUN uv sync --locked --no-editable --no-default-groups

FROM python:3.12.13-slim-trixie
COPY --from=build /opt/dify-conformance /opt/dify-conformance
ENV PATH=/opt/dify-conformance/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
# The base image comes without the standard library's bytecode.
RUN python -m compileall -q --invalidation-mode unchecked-hash \
        -x '/(ensurepip|idlelib|lib2to3|pydoc_data|site-packages|test|tkinter|turtledemo)/' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && useradd --uid 10001 --create-home --home-dir /work conformance \
    && install -d -o 10001 -m 0777 /work/reports
WORKDIR /work
USER 10001
ENTRYPOINT ["dify-conformance"]
CMD ["run"]
