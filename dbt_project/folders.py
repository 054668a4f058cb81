"""Make the folders that a command writes to, or say in one line why that is not possible."""

import os

from dbt_project.errors import UserError, of_file
from dbt_project.settings.environment import DbtSettings


def make_folder(folder: str, variable: str) -> None:
    """Make a folder if it does not exist, and check that it is writable.

    Parameters
    ----------
    folder
        Path.
    variable
        The setting with which the user can name another folder.

    Raises
    ------
    UserError
        One line, if that is not possible.
    """
    way_out = f"; set {variable} to another folder"
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError:
        raise UserError(f"{folder} is a file, and a folder is needed{way_out}") from None
    except OSError as error:
        raise UserError(of_file(folder, f"{error.strerror}{way_out}")) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(of_file(folder, f"cannot be written to{way_out}"))


def make_folders_of_dbt() -> None:
    """Make the folders of dbt's own files. dbt itself ends without a message if it cannot.

    Raises
    ------
    UserError
        One line, if a folder is not writable.
    """
    for name, folder in DbtSettings.read():
        make_folder(folder, name.upper())
