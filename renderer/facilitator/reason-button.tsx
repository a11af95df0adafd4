/** A button for what needs a reason: asks for it in a dialog, which closes when the station has taken it. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Button } from '../kit/button.tsx';
import { ReasonDialog } from '../kit/dialog.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import type { Command } from '../shell/screen.tsx';

export function ReasonButton<Input>({
  label,
  className = '',
  title,
  explanation,
  reasons,
  confirm,
  command,
  input,
}: {
  readonly label: string;
  readonly className?: string;
  readonly title: string;
  readonly explanation: string;
  readonly reasons: readonly string[];
  readonly confirm: string;
  readonly command: Command<Input, unknown>;
  readonly input: (reason: string) => Input;
}): ReactNode {
  const [open, setOpen] = useState(false);
  const submit = async (reason: string): Promise<void> => {
    if ((await command.run(input(reason))) !== null) setOpen(false);
  };
  return (
    <>
      <Button className={className} onPress={() => setOpen(true)}>
        {label}
      </Button>
      <ReasonDialog
        title={title}
        explanation={explanation}
        reasons={reasons}
        confirm={confirm}
        open={open}
        busy={command.busy}
        onClose={() => setOpen(false)}
        onReason={(reason) => void submit(reason)}
        {...(command.problem === null ? {} : { problem: <InlineProblem problem={command.problem} /> })}
      />
    </>
  );
}
