import type { ReactNode } from "react";

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      {children}
    </svg>
  );
}

export const NewIcon = () => (
  <Icon>
    <path d="M10 4.5v11M4.5 10h11" />
  </Icon>
);

export const SearchIcon = () => (
  <Icon>
    <circle cx="8.8" cy="8.8" r="4.6" />
    <path d="m12.3 12.3 4 4" />
  </Icon>
);

export const ForkIcon = () => (
  <Icon>
    <circle cx="6" cy="4.8" r="1.9" />
    <circle cx="14" cy="4.8" r="1.9" />
    <circle cx="10" cy="15.2" r="1.9" />
    <path d="M6 6.7v1.2c0 1.5 1 2.3 2.5 2.3h3c1.5 0 2.5-.8 2.5-2.3V6.7M10 10.2v3.1" />
  </Icon>
);

export const DeleteIcon = () => (
  <Icon>
    <path d="M3.8 5.8h12.4M8 5.5V4.3c0-.5.4-.8.8-.8h2.4c.4 0 .8.3.8.8v1.2M5.3 5.8l.7 9.6c0 .6.5 1.1 1.2 1.1h5.6c.7 0 1.2-.5 1.2-1.1l.7-9.6M8.5 9v4.5M11.5 9v4.5" />
  </Icon>
);

export const ExportIcon = () => (
  <Icon>
    <path d="M10 3.5v9M6.5 9.3 10 12.8l3.5-3.5M4 16.3h12" />
  </Icon>
);

export const ImportIcon = () => (
  <Icon>
    <path d="M10 12.8v-9M6.5 7 10 3.5 13.5 7M4 16.3h12" />
  </Icon>
);

export const MenuIcon = () => (
  <Icon>
    <path d="M3.5 6.5h13M3.5 13.5h9" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M10 16V4.5M5.2 9 10 4.2 14.8 9" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m5.5 5.5 9 9M14.5 5.5l-9 9" />
  </Icon>
);

export const ToolIcon = () => (
  <Icon>
    <path d="M15.9 6.3 13 9.2 10.8 7l2.9-2.9a4 4 0 0 0-5.2 5.2L3.9 13.9a1.6 1.6 0 0 0 2.2 2.2l4.6-4.6a4 4 0 0 0 5.2-5.2Z" />
  </Icon>
);

/** The product's own mark: a loop of handwriting. */
export const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" />
    <path d="M8 21.5c3.5 0 6-9 4.2-12.2-1-1.7-3 .4-3 4.4 0 5 2.3 8.3 5 7.8 3-.6 3.6-5 5.6-5 1.7 0 .2 4.5 2.2 4.5.9 0 1.6-.4 2.2-1" />
  </svg>
);
