// React asks for this before it warns about updates outside of act().
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
