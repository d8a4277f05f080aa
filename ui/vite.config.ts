import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.SIYU_URL ?? 'http://127.0.0.1:8700'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: { proxy: { '/api': server, '/openapi.json': server, '/p': server, '/e': server } },
  build: { target: 'es2022', chunkSizeWarningLimit: 1500 },
  test: { environment: 'happy-dom', setupFiles: ['src/shared/testing.ts'] },
})
