/// <reference types="vite/client" />

declare module "texts:*" {
  const catalogue: Record<string, string>;
  export default catalogue;
}
