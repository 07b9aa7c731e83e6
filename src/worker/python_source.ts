export const PYTHON_WORKER_SOURCE: string = "";
